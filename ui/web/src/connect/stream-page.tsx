export default function StreamPage({ id }: { id: string }) {
  return <h1>{id}</h1>;
}
