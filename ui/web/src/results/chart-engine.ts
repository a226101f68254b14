/** ECharts, of it only what is used: it is the largest thing that the page loads. */
import { BarChart, HeatmapChart, LineChart, PieChart } from 'echarts/charts';
import { GridComponent, TooltipComponent, VisualMapComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';

echarts.use([
  BarChart,
  HeatmapChart,
  LineChart,
  PieChart,
  GridComponent,
  TooltipComponent,
  VisualMapComponent,
  // A canvas: drawn as SVG, every shape would want a style attribute, which the page's CSP refuses.
  CanvasRenderer,
]);

export type Engine = ReturnType<typeof echarts.init>;

export function startEngine(box: HTMLElement): Engine {
  return echarts.init(box, null, { renderer: 'canvas' });
}
